import { describe, expect, it } from "vitest";
import { ApiError, describeForReport, readProblem } from "./errors";

describe("problems", () => {
  it("keep title, detail and fix", () => {
    const problem = readProblem(
      409,
      { title: "Busy", detail: "oak is draining.", fix: "Wait for it.", request_id: "r1" },
      null,
    );
    expect(problem).toEqual({
      status: 409,
      title: "Busy",
      detail: "oak is draining.",
      fix: "Wait for it.",
      requestId: "r1",
    });
  });

  it("are made of a proxy's page too", () =>
    expect(readProblem(502, null, "r2")).toMatchObject({ title: "HTTP 502", requestId: "r2" }));

  it("say in a report where and when, and nothing of what was sent", () => {
    const error = new ApiError(readProblem(500, { title: "Broken" }, "r3"), {
      method: "POST",
      address: "http://den/api/keys",
    });
    const report = describeForReport(error);
    expect(report).toContain("POST http://den/api/keys → 500");
    expect(report).toContain("request r3");
  });
});
