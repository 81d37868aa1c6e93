import type { Translated } from "@/lib/translated";
import type { en } from "./limits.en";

export const de: Translated<typeof en> = {
  label: {
    requests_per_minute: "Anfragen je Minute",
    tokens_per_minute: "Token je Minute",
    parallel: "Anfragen zugleich",
    tokens_per_day: "Token je Tag",
    tokens_per_month: "Token je Monat",
  },
  words: {
    requests_per_minute: "{amount} Anfragen je Minute",
    tokens_per_minute: "{amount} Token je Minute",
    parallel: "{amount} zugleich",
    tokens_per_day: "{amount} Token am Tag",
    tokens_per_month: "{amount} Token im Monat",
  },
  level: {
    key: "Dieser Schlüssel",
    user: "{name}, alle Schlüssel",
    team: "Team {name}",
  },
  title: "Grenzen und was übrig ist",
  noLimit: "keine Grenze",
  column: {
    limit: "Grenze",
    used: "Verbraucht",
    left: "Übrig",
    frees: "Wieder frei",
  },
  usedUp: "{holder}: von {limit} ist nichts übrig.",
  usedOf: "{used} von {limit} verbraucht",
  reserved: "{amount} vorgemerkt für laufende Anfragen",
  perMinute: "binnen einer Minute",
  left: "übrig",
  parallelFrees: "wenn eine endet",
  utc: "Tage und Monate beginnen um Mitternacht UTC, hier um {time}.",
  none: {
    key: "Eigene Grenzen hat dieser Schlüssel nicht.",
    all: "Hier bindet keine Grenze: dieser Schlüssel darf, was die Maschinen hergeben.",
  },
  change: "Grenzen ändern",
  add: "Grenzen setzen",
  save: "Grenzen speichern",
  cancel: "Abbrechen",
  within: "Sie gelten binnen 2 Sekunden.",
  notNow: "Was gerade verbraucht ist, ließ sich nicht lesen. Die Grenzen selbst gelten.",
  shared: {
    about:
      "Alle Schlüssel einer Person und des Teams teilen sich diese. Eine Anfrage muss unter die Grenzen ihres Schlüssels, seines Besitzers und des Teams passen.",
    search: "Leute suchen",
    none: "Nur die Grenzen jedes Schlüssels gelten.",
    changed: "geändert {moment}",
    notYours: "Gemeinsame Grenzen ändert nur, wer das Gateway verwalten darf.",
  },
  notice: {
    nearly:
      "{holder} hat {share} der {limit} Token für {window, select, month {diesen Monat} other {heute}} verbraucht.",
    usedUp:
      "{holder} hat die {limit} Token für {window, select, month {diesen Monat} other {heute}} verbraucht. Bis dahin wird abgewiesen.",
    look: "Ansehen",
    raise: "Erhöhen",
    dismiss: "Hinweis zu {name} weglegen",
  },
};
