/** A small stand-in for the control plane, for looking at pages during development only. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";
import { answer } from "./answers";

export function mockApi(): Plugin {
  return {
    name: "hearth-mock-api",
    configureServer(server) {
      server.middlewares.use("/api", (request: IncomingMessage, response: ServerResponse) => {
        const url = new URL(request.url ?? "/", "http://mock");
        const body = answer(request.method ?? "GET", url);
        response.statusCode = body === undefined ? 404 : 200;
        response.setHeader("content-type", "application/json");
        response.end(JSON.stringify(body ?? { title: "Not in the mock", status: 404 }));
      });
    },
  };
}
