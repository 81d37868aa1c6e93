export const en = {
  title: "chat",
  sentence: "",
} as const;
