export const en = {
  title: "Operations",
  sentence: "Everything that takes a while.",
} as const;
