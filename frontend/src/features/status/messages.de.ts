import type { Translated } from "@/lib/translated";
import type { en } from "./messages.en";

export const de: Translated<typeof en> = {
  title: "Status",
  sentence: "Geprüft {moment}. Alle 20 Sekunden wird von selbst neu geprüft.",
  part: "Teil",
  state: "Zustand",
  evidence: "Woran man es sieht",
  since: "Seit",
  fix: "Was zu tun ist",
  states: { good: "In Ordnung", attention: "Braucht einen Blick", bad: "Gestört" },
  testNow: "Jetzt prüfen",
  testEverything: "Alles testen",
  trial: {
    title: "Eine Anfrage durch alle Schichten",
    passed: "Sie kam in {duration} bis ans Ende.",
    stopped: "Sie blieb hängen bei: {step}",
  },
  trialStep: {
    database: "In die Datenbank schreiben",
    queue: "Einen Arbeiter erreichen und von ihm hören",
    model: "Ein Modell durch das Gateway fragen",
  },
  table: "Die Teile von Hearth und wie es ihnen geht",
};
