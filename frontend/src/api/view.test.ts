import { expect, it } from "vitest";
import { readViewState } from "./view";

it("keeps the words it knows and drops the rest", () =>
  expect(readViewState({ tab: "logs", line: 214, evil: "x", q: "", step: { a: 1 } })).toEqual({
    tab: "logs",
    line: "214",
  }));
