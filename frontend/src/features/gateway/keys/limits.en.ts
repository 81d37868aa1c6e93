export const en = {
  label: {
    requests_per_minute: "Requests per minute",
    tokens_per_minute: "Tokens per minute",
    parallel: "Requests at once",
    tokens_per_day: "Tokens per day",
    tokens_per_month: "Tokens per month",
  },
  words: {
    requests_per_minute: "{amount} requests a minute",
    tokens_per_minute: "{amount} tokens a minute",
    parallel: "{amount} at once",
    tokens_per_day: "{amount} tokens a day",
    tokens_per_month: "{amount} tokens a month",
  },
  level: {
    key: "This key",
    user: "{name}, all keys",
    team: "Team {name}",
  },
  title: "Limits and what is left",
  noLimit: "no limit",
  column: {
    limit: "Limit",
    used: "Used",
    left: "Left",
    frees: "Free again",
  },
  usedUp: "{holder}: nothing is left of {limit}.",
  usedOf: "{used} of {limit} used",
  reserved: "{amount} set aside for running requests",
  perMinute: "within a minute",
  left: "left",
  parallelFrees: "when one ends",
  utc: "Days and months begin at midnight UTC, {time} here.",
  none: {
    key: "This key has no limits of its own.",
    all: "No limit binds here: this key may use what the machines can give.",
  },
  change: "Change limits",
  add: "Set limits",
  save: "Save limits",
  cancel: "Cancel",
  within: "They hold within 2 seconds.",
  notNow: "What is used right now could not be read. The limits themselves hold.",
  shared: {
    about:
      "All keys of a person, and of the team, share these. A request must fit under each of its key, its owner and the team.",
    search: "Search people",
    none: "Only the limits of each key hold.",
    changed: "changed {moment}",
    notYours: "Only who may manage the gateway changes shared limits.",
  },
  notice: {
    nearly:
      "{holder} has used {share} of its {limit} tokens for {window, select, month {this month} other {today}}.",
    usedUp:
      "{holder} has used up its {limit} tokens for {window, select, month {this month} other {today}}. Requests are refused until it is over.",
    look: "Look",
    raise: "Raise it",
    dismiss: "Put away the notice about {name}",
  },
} as const;
