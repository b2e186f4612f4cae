import { WorkerEntrypoint } from "cloudflare:workers";

const NICKNAMES = { Elizabeth: "Liz", Robert: "Bob" };

export class Names extends WorkerEntrypoint {
  nickname(name) {
    return NICKNAMES[name] ?? name;
  }
}

export default class extends WorkerEntrypoint {
  async fetch(request) {
    const name = decodeURIComponent(new URL(request.url).pathname.slice(1)) || "stranger";
    const greeting = await this.env.GREETER.greet(name);
    const visits = await this.env.VISITS.getByName(name).visit();
    return new Response(`${greeting} This is visit ${visits}.`);
  }
}
