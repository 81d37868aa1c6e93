import type { Translated } from "@/lib/translated";
import type { en } from "./messages.en";

export const de: Translated<typeof en> = {
  title: "Start",
  verdict: {
    works: "Alles läuft.",
    serving: "Läuft. {count, plural, one {Eine Sache braucht} other {# Dinge brauchen}} dich.",
    not_serving: "Es wird nichts beantwortet.",
    unknown: "Hearth sieht sich um",
  },
  nothingYet: "Noch läuft nichts. Fang mit diesem Rechner an.",
  summary:
    "{ready} von {nodes, plural, one {# Knoten} other {# Knoten}} bereit, {answering, plural, =0 {kein Modell antwortet} one {# Modell antwortet} other {# Modelle antworten}}.",
  addMachine: "Rechner hinzufügen",
  deploy: "Modell bereitstellen",
  continueSetup: "Weiter einrichten",
  needsYou: "Braucht dich",
  open: "Öffnen",
  notice: {
    deployment: "{name}: {state}",
    node: "{name}: {state}",
    operation: "Fehlgeschlagen: {title}",
  },
  hearth: {
    title: "Der Herd",
    note: "Last je Knoten, letzte Minute",
    thisMachine: "dieser Rechner",
    allNodes: "Alle Knoten",
  },
  tokens: {
    title: "Token pro Sekunde",
    usage: "Verbrauch",
    none: "Keine Anfrage in der letzten Stunde. Frag etwas im Chat oder gib die Adresse einem Programm.",
    table: "Token pro Sekunde je Modell, letzte Stunde",
  },
  endpoint: {
    title: "Deine Adresse",
    newKey: "Neuer Schlüssel",
    copy: "Adresse kopieren",
    note: "Jeder OpenAI-Client funktioniert. {keys, plural, =0 {Noch kein Schlüssel} one {# Schlüssel} other {# Schlüssel}}.",
  },
  ok: {
    title: "Ist alles in Ordnung?",
    status: "Status",
  },
  running: {
    title: "Läuft gerade",
    all: "Alle Vorgänge",
    none: "Gerade läuft nichts.",
  },
  welcome: {
    title: "Willkommen",
    place: "Erste Schritte",
    allDone: "Alles erledigt. Das ist jetzt deine Cloud.",
    left: "{count, plural, one {Ein Schritt fehlt} other {# Schritte fehlen}} noch. Du kannst jederzeit gehen und wiederkommen.",
    leave: "Zum Start",
    machine: {
      title: "Dieser Rechner antwortet",
      detail: "{hardware}.",
      open: "Hearth sieht sich diesen Rechner gerade an.",
    },
    token: {
      title: "Dein erstes Token",
      detail: "Frag das mitgelieferte Modell etwas.",
      tiny: "Es ist winzig und weiß wenig. Bessere, die hier passen, stehen im Katalog.",
      ask: "{model} fragen",
      placeholder: "Frag irgendetwas",
      send: "Senden",
      waiting: "Noch ist kein Modell bereit. Nach dem ersten Start dauert das einige Sekunden.",
    },
    model: {
      title: "Ein Modell, mit dem du reden willst",
      detail: "Der Katalog sagt, was auf diesen Rechner passt.",
      open: "Katalog öffnen",
      done: "{name} antwortet.",
    },
    key: {
      title: "Ein Schlüssel für deine Programme",
      detail: "Jeder OpenAI-Client kann ihn benutzen.",
      open: "Neuer Schlüssel",
      done: "{count, plural, one {Ein Schlüssel} other {# Schlüssel}}.",
    },
    request: {
      title: "Die erste Anfrage eines Programms",
      detail: "Benutze den Schlüssel irgendwo. Diese Zeile wird dann grün.",
      done: "Die letzte kam {moment}.",
    },
    done: "erledigt",
    toDo: "offen",
  },
};
