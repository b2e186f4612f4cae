import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

export class Greeter extends WorkerEntrypoint {
  async greet(name) {
    return `Hello, ${await this.env.NAMES.nickname(name)}!`;
  }
}

export class Visits extends DurableObject {
  async visit() {
    const visits = ((await this.ctx.storage.get("visits")) ?? 0) + 1;
    await this.ctx.storage.put("visits", visits);
    return visits;
  }
}

export default {
  fetch() {
    return new Response("Nobody visits me.", { status: 404 });
  },
};
