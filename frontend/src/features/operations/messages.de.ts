import type { Translated } from "@/lib/translated";
import type { en } from "./messages.en";

export const de: Translated<typeof en> = {
  title: "Vorgänge",
  sentence:
    "{running, plural, =0 {Nichts läuft} one {# läuft} other {# laufen}}{failed, plural, =0 {} other { · # fehlgeschlagen}} · alles hier geht weiter, wenn du die Seite schließt",
  asking: "Alles, was eine Weile dauert, mit seinem Protokoll",
  filter: {
    state: "Nach Zustand filtern",
    all: "Alle",
    subject: "Betrifft",
    subjects: {
      all: "Alles",
      deployment: "Bereitstellungen",
      ai_model: "Modelle",
      node: "Knoten",
    },
    search: "Name, Person",
    described: "diesen Filtern",
  },
  empty: "Noch kein Vorgang. Was länger als einen Moment dauert, steht hier, mit seinem Protokoll.",
  openCatalogue: "Katalog öffnen",
  more: "Mehr zeigen",
  byHearth: "Hearth",
  sub: {
    started: "Begonnen von {who} um {at}",
    waiting: "wartet seit {at} auf einen Arbeiter",
    running: "läuft weiter, wenn du diese Seite schließt",
    attempt: "Versuch {number} seit {at}",
    cancelling: "um {at} um Halt gebeten; abgebrochen ist es, sobald die Arbeit steht",
    stopped: "bei Schritt {step} von {count} nach {duration} stehen geblieben",
    stoppedEarly: "nach {duration} stehen geblieben",
    cancelled: "nach {duration} abgebrochen",
    cancelledEarly: "vor dem Beginn abgebrochen",
    kept: "{to, plural, =1 {Schritt 1 ist erledigt und bleibt es} other {Schritte 1 bis # sind erledigt und bleiben es}}",
    succeeded: "um {at} nach {duration} fertig",
  },
  progress: {
    step: "Schritt {step} von {count}",
    noSteps: "Unterwegs",
    waiting: "Wartet auf einen Arbeiter",
    left: "noch {estimate}",
    announce: "{share} erledigt",
    ended: {
      succeeded: "Gelungen",
      failed: "Fehlgeschlagen",
      cancelled: "Abgebrochen",
    },
  },
  steps: {
    all: "{count, plural, one {# Schritt zeigen} other {Alle # Schritte zeigen}}",
    fewer: "Weniger Schritte zeigen",
  },
  attempts: {
    title: "Versuche",
    from: "ab Schritt {from}",
    steps: "{same, select, yes {Schritt {from}} other {Schritte {from} bis {to}}}",
    none: "kam zu keinem Schritt",
    ended: "Beendet",
  },
  log: {
    note: "Schritt {step}, {title}",
    done: "erledigt",
    stopped: "angehalten",
    linkCopied: "Link zu Zeile {line} kopiert.",
  },
  missing: {
    title: "Diesen Vorgang gibt es nicht",
    sentence: "Die Adresse ist vielleicht abgeschnitten, oder er gehört einem anderen Team.",
    back: "Alle Vorgänge",
  },
  open: "{name} öffnen",
  openIt: "Öffnen",
  cancel: "Abbrechen",
  cancelling: "Wird abgebrochen",
  retry: "Ab Schritt {step} wiederholen",
  retryAll: "Wiederholen",
  failed: {
    noReason: "Fehlgeschlagen, ohne einen Grund zu nennen",
    noFix: "Die letzten Zeilen des Protokolls sagen, was gerade geschah.",
    again:
      "{from, plural, =1 {Die Wiederholung beginnt beim ersten Schritt.} other {Die Wiederholung behält, was erledigt ist, und führt Schritt # und alle danach aus.}}",
    copyError: "Fehler kopieren",
    showError: "Im Protokoll zeigen",
  },
  lost: {
    title: "Der Vorgang steht wieder in der Warteschlange",
  },
  confirm: {
    title: "„{title}“ abbrechen?",
    queued: "Es hat noch nicht begonnen, also ist nichts rückgängig zu machen.",
    stops: "Schritt {step}, {title}, wird angehalten.",
    stopsNow: "Die Arbeit wird angehalten.",
    keeps:
      "{to, plural, =1 {Schritt 1 ist erledigt und bleibt es.} other {Schritte 1 bis # sind erledigt und bleiben es.}}",
    later: "Du kannst es später von dort aus wiederholen.",
    confirm: "Bei Schritt {step} anhalten",
    confirmAll: "Anhalten",
    back: "Weiterlaufen lassen",
  },
};
