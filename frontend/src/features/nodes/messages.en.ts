export const en = {
  title: "Nodes",
  sentence: "Which machines there are, and how they are.",
} as const;
