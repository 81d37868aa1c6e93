import type { Translated } from "@/lib/translated";
import type { en } from "./people.en";

export const de: Translated<typeof en> = {
  title: "Personen und Teams",
  sentence: "Wer sich anmelden darf, für welches Team, und was die Rolle erlaubt.",
  why: "Was {name} darf",
  whyAs: "als {role} dieses Teams",
  teams: "Deine Teams",
  yourRole: "du: {role}",
  permission: {
    view: "Knoten, Modelle, Bereitstellungen und Vorgänge sehen",
    chat: "die Modelle benutzen",
    use_own_keys: "eigene Schlüssel ausstellen und widerrufen",
    operate: "anhalten, starten, neu starten, abbrechen und wiederholen",
    deploy: "Modelle hinzufügen und bereitstellen",
    manage_nodes: "Rechner hinzufügen, einrichten und ausmustern",
    manage_gateway: "Schlüssel, Wege und Upstreams aller verwalten",
    view_usage: "Verbrauch und Anfragen aller sehen",
    read_bodies:
      "lesen, was andere gefragt und zur Antwort bekommen haben, wo ein Schlüssel es aufhebt",
    view_audit: "das Protokoll der Änderungen lesen",
    manage_people: "Personen, Rollen und Teams verwalten",
    manage_settings: "Einstellungen ändern",
  },
  choose: "Wessen Rechte",
};
