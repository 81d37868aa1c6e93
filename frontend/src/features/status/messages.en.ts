export const en = {
  title: "Status",
  sentence: "Checked {moment}. It is checked again by itself every 20 seconds.",
  part: "Part",
  state: "State",
  evidence: "Evidence",
  since: "Since",
  fix: "What to do",
  states: { good: "Well", attention: "Needs a look", bad: "Broken" },
  testNow: "Check now",
  testEverything: "Test everything",
  trial: {
    title: "One request through every layer",
    passed: "It went all the way in {duration}.",
    stopped: "It stopped at: {step}",
  },
  trialStep: {
    database: "Write to the database",
    queue: "Reach a worker and hear from it",
    model: "Ask a model through the gateway",
  },
  table: "Parts of Hearth and how they are",
} as const;
