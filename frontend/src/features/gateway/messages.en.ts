export const en = {
  keys: { title: "Keys", sentence: "A key lets a program talk to your models." },
  usage: { title: "Usage", sentence: "Who used how much." },
  upstreams: { title: "Upstreams", sentence: "Other servers that answer here too." },
} as const;
