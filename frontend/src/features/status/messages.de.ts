import type { Translated } from "@/lib/translated";
import type { en } from "./messages.en";

export const de: Translated<typeof en> = {
  title: "Status",
  verdict: {
    works: "Alles läuft",
    serving: "Läuft, {count, plural, one {eine Sache ist} other {# Dinge sind}} zu richten",
    not_serving: "Es wird nichts beantwortet",
  },
  sentence: "Geprüft {moment}. Alle 20 Sekunden wird von selbst neu geprüft.",
  part: "Teil",
  state: "Zustand",
  evidence: "Woran man es sieht",
  since: "Seit",
  fix: "Was zu tun ist",
  states: { good: "In Ordnung", attention: "Braucht einen Blick", bad: "Gestört" },
  testNow: "Jetzt prüfen",
  table: "Die Teile von Hearth und wie es ihnen geht",
};
