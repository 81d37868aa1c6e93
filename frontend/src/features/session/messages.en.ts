export const en = {
  title: "session",
  sentence: "",
} as const;
