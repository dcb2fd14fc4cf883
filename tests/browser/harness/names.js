// A name server on loopback: TXT records that a test sets, and nothing else.

import { createSocket } from "node:dgram";
import { once } from "node:events";

const TXT = 16;
const NO_SUCH_NAME = 3;

export async function startNames() {
  const socket = createSocket("udp4");
  const records = new Map();
  socket.on("message", (question, { port, address }) => socket.send(answer(question, records), port, address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    /** Sets the TXT values of a name; without any it is not there. */
    set(name, ...values) { records.set(name.toLowerCase(), values); },
    async stop() {
      socket.close();
      await once(socket, "close");
    },
  };
}

/** The answer to a question of one name. */
function answer(question, records) {
  const labels = [];
  let end = 12;
  for (let length = question[end]; length > 0; length = question[end]) {
    labels.push(question.toString("latin1", end + 1, end + 1 + length));
    end += 1 + length;
  }
  const values = records.get(labels.join(".").toLowerCase()) ?? [];
  const asked = question.subarray(12, end + 5);
  const found = question.readUInt16BE(end + 1) === TXT ? values : [];
  const header = Buffer.alloc(12);
  question.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8580 | (values.length > 0 ? 0 : NO_SUCH_NAME), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found.length, 6);
  const record = (value) => {
    const fields = Buffer.alloc(13);
    fields.writeUInt16BE(0xc00c, 0);
    fields.writeUInt16BE(TXT, 2);
    fields.writeUInt16BE(1, 4);
    fields.writeUInt16BE(value.length + 1, 10);
    fields.writeUInt8(value.length, 12);
    return Buffer.concat([fields, Buffer.from(value, "latin1")]);
  };
  return Buffer.concat([header, asked, ...found.map(record)]);
}
