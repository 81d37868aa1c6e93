import { describe, expect, it } from "vitest";
import type { AuditEntryOut } from "@/api/generated/schema";
import { subjectName, toCsv } from "./entries";

const entry: AuditEntryOut = {
  id: 3,
  at: "2026-11-20T10:00:00Z",
  actor_name: "ana",
  via: "token",
  action: "add_ai_model",
  subject: "ai_model",
  subject_id: "3",
  subject_name: "models.download_ai_model qwen3-4b",
  result: "done",
  status: 202,
  address: "127.0.0.1",
  request_id: "r",
  hash: "h",
};

describe("an audit entry", () => {
  it("names its subject without the kind of operation", () => {
    expect(subjectName(entry)).toBe("qwen3-4b");
    expect(subjectName({ subject_name: "oak", subject_id: "1" })).toBe("oak");
    expect(subjectName({ subject_name: "", subject_id: "7" })).toBe("7");
  });

  it("is one line of the export, under the names of the columns", () => {
    const [head, line] = toCsv([entry]).split("\r\n");
    expect(head?.split(",")[0]).toBe("id");
    expect(line?.split(",")).toHaveLength(head?.split(",").length ?? 0);
  });

  it("is quoted where it holds a comma or a quote, and is never a formula", () => {
    const csv = toCsv([{ ...entry, actor_name: 'a,"b"', subject_name: "=1+1" }]);
    expect(csv).toContain('"a,""b"""');
    expect(csv).toContain(",'=1+1,");
  });
});
