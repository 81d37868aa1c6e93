import type { Translated } from "@/lib/translated";
import type { en } from "./messages.en";

export const de: Translated<typeof en> = {
  title: "Verbrauch",
  sentence: "Wer wie viel benutzt hat, und wann.",
  csv: "Als CSV sichern",
  groupBy: "Gruppiert nach",
  by: { key: "Schlüssel", model: "Modell", user: "Person", node: "Knoten" },
  span: "Zeitraum",
  days: { "1": "24 Stunden", "7": "7 Tage", "30": "30 Tage" },
  empty: "Keine Anfragen in diesem Zeitraum. Ein Schlüssel und ein Beispiel machen die erste.",
  newKey: "Neuer Schlüssel",
  requests: "Anfragen",
  tokens: "Token",
  promptTokens: "Token hinein",
  completionTokens: "Token heraus",
  firstToken: "Erstes Token",
  mean: "im Mittel",
  failed: "Fehlgeschlagen",
  withoutName: "ohne Schlüssel",
  tokensOf: "{name}: {tokens} Token",
  tokensPerHour: "Token je Stunde",
  tokensPerDay: "Token je Tag",
  chart: "Token im Lauf der Zeit",
};
