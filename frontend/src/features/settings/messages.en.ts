export const en = {
  title: "settings",
  sentence: "",
} as const;
