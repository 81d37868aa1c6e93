export const en = {
  title: "Models",
  sentence: "What your machines can run.",
} as const;
