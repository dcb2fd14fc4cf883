//! Flows: the dialogues by which people sign in, register, recover, verify and change settings (`contract/11`).
//!
//! Here stand the stages, the nodes and messages that a flow shows, and the registry of message ids.
//! What happens on a submit lives in `core::flows`; how nodes look lives in `views` and `api`.

mod flow;
mod message;
mod node;

pub use flow::{
    Channel, CodeChallenge, Flow, FlowClient, FlowData, FlowInvitation, FlowKind, FlowOrganization,
    FlowState, KnownPasskey, LostFactors, RemovedPasskey, ShownCodes, Transport,
};
pub use message::{Message, MessageId, MessageKind};
pub use node::{
    Attributes, Captcha, FlowView, Group, InputType, Label, Node, NodeKind, SelectOption, Ui, Webauthn,
};
