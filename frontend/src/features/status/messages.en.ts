export const en = {
  title: "Status",
  verdict: {
    works: "Everything works",
    serving: "Serving, {count, plural, one {one thing} other {# things}} to fix",
    not_serving: "Not serving",
  },
  sentence: "Checked {moment}. It is checked again by itself every 20 seconds.",
  part: "Part",
  state: "State",
  evidence: "Evidence",
  since: "Since",
  fix: "What to do",
  states: { good: "Well", attention: "Needs a look", bad: "Broken" },
  testNow: "Check now",
  table: "Parts of Hearth and how they are",
} as const;
