export const en = {
  title: "status",
  sentence: "",
} as const;
