export const en = {
  title: "Gateway",
  cause: {
    short: {
      refused: "not reachable",
      "5xx": "error (5xx)",
      timeout: "too slow",
      "429": "too busy (429)",
      context: "prompt too long",
      cold: "not loaded",
    },
    when: {
      refused: "cannot be reached",
      "5xx": "answers with an error (5xx)",
      timeout: "takes too long",
      "429": "is too busy (429)",
      context: "has too little context",
      cold: "is not loaded",
    },
    about: {
      refused: "No connection, or one that broke before the first byte.",
      "5xx": "It answered 502, 503 or 504; with a fallback for it also 500.",
      timeout: "No first byte in time: two minutes for a stream.",
      "429": "It said that there are too many requests; its Retry-After is kept.",
      context: "The prompt is certainly longer than what it can hold.",
      cold: "The model is not in memory; without a fallback a request loads it and waits.",
    },
  },
  trace: {
    picked: "{target} answered with {status}",
    failed: "{target} failed it: {cause}",
    skipped: "{target} was passed over: {reason}",
    fallback: "Sent on to {target}, because: {cause}",
    waited: "Waited for {target}: {outcome}",
  },
} as const;
