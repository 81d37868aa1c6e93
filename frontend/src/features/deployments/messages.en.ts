export const en = {
  title: "Deployments",
  sentence: "What is served.",
} as const;
