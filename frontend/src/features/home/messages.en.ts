export const en = {
  title: "home",
  sentence: "",
} as const;
