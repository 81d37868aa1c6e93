import { describe, expect, it } from "vitest";
import {
  attemptsOf,
  currentStep,
  endingsOf,
  nextStep,
  type StepLike,
  shareDone,
  stepDuration,
  timeLeft,
} from "./progress";

function step(position: number, state: string, changes: Partial<StepLike> = {}): StepLike {
  return {
    name: `step_${position}`,
    title: `Step ${position}`,
    position,
    state,
    detail: "",
    attempt: state === "pending" ? 0 : 1,
    started_at: null,
    finished_at: null,
    ...changes,
  };
}

const running = { state: "running", progress: null, attempt: 1 };

describe("which step counts", () => {
  it("is the one that runs, also after others that failed before", () => {
    const steps = [step(1, "succeeded"), step(2, "failed"), step(3, "running")];
    expect(currentStep(steps)?.position).toBe(3);
  });

  it("is the failed one when nothing runs, and a retry starts there", () => {
    const steps = [step(1, "succeeded"), step(2, "failed"), step(3, "pending")];
    expect(currentStep(steps)?.position).toBe(2);
    expect(nextStep(steps)?.position).toBe(2);
  });

  it("is none when all are done", () => {
    expect(currentStep([step(1, "succeeded")])).toBeUndefined();
    expect(nextStep([step(1, "succeeded")])).toBeUndefined();
  });
});

describe("how far it is", () => {
  const steps = [step(1, "succeeded"), step(2, "running"), step(3, "pending"), step(4, "pending")];

  it("is what the job says", () => {
    expect(shareDone({ ...running, progress: 0.62 }, steps)).toBe(0.62);
  });

  it("is the share of steps when the job says nothing", () => {
    expect(shareDone(running, steps)).toBe(0.25);
    expect(shareDone(running, [])).toBe(0);
  });

  it("does not believe a full share that the step before has left behind", () => {
    expect(shareDone({ ...running, progress: 1 }, steps)).toBe(0.25);
  });

  it("is all of it once it succeeded", () => {
    expect(shareDone({ state: "succeeded", progress: 0.4, attempt: 1 }, steps)).toBe(1);
  });
});

describe("the time left", () => {
  const began = step(2, "running", { started_at: "2026-11-20T10:00:00Z" });
  const seconds = (count: number) => Date.parse("2026-11-20T10:00:00Z") + count * 1000;

  it("follows the pace so far", () => {
    expect(timeLeft({ ...running, progress: 0.25 }, began, seconds(30))).toBe(90_000);
  });

  it("is not said while it would be a guess", () => {
    expect(timeLeft({ ...running, progress: 0.05 }, began, seconds(30))).toBeNull();
    expect(timeLeft({ ...running, progress: 0.5 }, began, seconds(2))).toBeNull();
    expect(timeLeft(running, began, seconds(30))).toBeNull();
    expect(timeLeft({ ...running, attempt: 2, progress: 0.5 }, began, seconds(30))).toBeNull();
    expect(timeLeft({ ...running, progress: 0.5 }, undefined, seconds(30))).toBeNull();
  });

  it("counts a running step up to now and a finished one to its end", () => {
    expect(stepDuration(began, seconds(7))).toBe(7000);
    const ended = step(1, "succeeded", {
      started_at: "2026-11-20T10:00:00Z",
      finished_at: "2026-11-20T10:00:03Z",
    });
    expect(stepDuration(ended, seconds(700))).toBe(3000);
    expect(stepDuration(step(3, "pending"), seconds(7))).toBeNull();
  });
});

describe("attempts", () => {
  it("ended as the timeline says, back in the queue when the worker was lost", () => {
    const move = (minute: number, title: string, source = "state") => ({
      at: `2026-11-20T10:0${minute}:00Z`,
      source,
      title,
    });
    const moves = [
      move(5, "running → cancelled"),
      move(4, "queued → running"),
      move(3, "running → failed"),
      move(2, "running → queued"),
      move(1, "models.deploy_model", "operation"),
    ];
    expect(endingsOf(moves)).toEqual(["lost", "failed", "cancelled"]);
  });

  it("know where each began and where the next one took over", () => {
    const steps = [
      step(1, "succeeded", { attempt: 1 }),
      step(2, "succeeded", { attempt: 1 }),
      step(3, "succeeded", { attempt: 2 }),
      step(4, "running", { attempt: 2 }),
      step(5, "pending"),
    ];
    expect(attemptsOf({ ...running, attempt: 2 }, steps)).toEqual([
      { number: 2, from: 3, to: 4, isCurrent: true },
      { number: 1, from: 1, to: 3, isCurrent: false },
    ]);
  });

  it("keep an attempt that never came to a step", () => {
    const steps = [step(1, "failed", { attempt: 3 }), step(2, "pending")];
    expect(attemptsOf({ ...running, attempt: 3 }, steps).map((one) => [one.from, one.to])).toEqual([
      [1, 1],
      [null, 1],
      [null, 1],
    ]);
  });
});
