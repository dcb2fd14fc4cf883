// What the scenarios need: videos in folders that everybody may watch, files in folders of teams, rooms with roles.

class videos implements Namespace {
  related: {
    owner: identities[]
    watcher: identities[]
    parent: videos[]
  }

  permits = {
    view: (ctx: Context): boolean =>
      this.related.watcher.includes(ctx.subject) ||
      this.related.owner.includes(ctx.subject) ||
      this.related.parent.traverse((p) => p.permits.view(ctx)),
  }
}

class teams implements Namespace {
  related: {
    members: (identities | SubjectSet<teams, "members">)[]
  }
}

class files implements Namespace {
  related: {
    parents: folders[]
    viewers: (identities | SubjectSet<teams, "members">)[]
    owners: (identities | SubjectSet<teams, "members">)[]
  }

  permits = {
    view: (ctx: Context): boolean =>
      this.related.parents.traverse((p) => p.permits.view(ctx)) ||
      this.related.viewers.includes(ctx.subject) ||
      this.related.owners.includes(ctx.subject),
    edit: (ctx: Context) => this.related.owners.includes(ctx.subject),
  }
}

class folders implements Namespace {
  related: {
    parents: folders[]
    viewers: (identities | SubjectSet<teams, "members">)[]
  }

  permits = {
    view: (ctx: Context): boolean =>
      this.related.viewers.includes(ctx.subject) ||
      this.related.parents.traverse((p) => p.permits.view(ctx)),
  }
}

class rooms implements Namespace {
  related: {
    owner: identities[]
    member: identities[]
    banned: identities[]
  }

  permits = {
    post: (ctx: Context): boolean => this.permits.read(ctx) && !this.related.banned.includes(ctx.subject),
    read: (ctx: Context): boolean =>
      this.related.member.includes(ctx.subject) || this.related.owner.includes(ctx.subject),
  }
}
