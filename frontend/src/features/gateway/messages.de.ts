import type { Translated } from "@/lib/translated";
import type { en } from "./messages.en";

export const de: Translated<typeof en> = {
  title: "Gateway",
  cause: {
    short: {
      refused: "nicht erreichbar",
      "5xx": "Fehler (5xx)",
      timeout: "zu langsam",
      "429": "überlastet (429)",
      context: "Eingabe zu lang",
      cold: "nicht geladen",
    },
    when: {
      refused: "nicht erreichbar ist",
      "5xx": "mit einem Fehler antwortet (5xx)",
      timeout: "zu lange braucht",
      "429": "überlastet ist (429)",
      context: "zu wenig Kontext hat",
      cold: "nicht geladen ist",
    },
    about: {
      refused: "Keine Verbindung, oder eine, die vor dem ersten Byte abbrach.",
      "5xx": "Er antwortete 502, 503 oder 504; gibt es ein Ausweichen dafür, auch 500.",
      timeout: "Kein erstes Byte zur rechten Zeit: zwei Minuten bei laufender Antwort.",
      "429": "Er sagte, dass es zu viele Anfragen sind; sein Retry-After wird eingehalten.",
      context: "Die Eingabe ist sicher länger, als er fassen kann.",
      cold: "Das Modell liegt nicht im Speicher; ohne Ausweichen lädt eine Anfrage es und wartet.",
    },
  },
  trace: {
    picked: "{target} antwortete mit {status}",
    failed: "{target} ist gescheitert: {cause}",
    skipped: "{target} wurde übergangen: {reason}",
    fallback: "Weiter zu {target}, Grund: {cause}",
    waited: "Warten auf {target}: {outcome}",
  },
};
