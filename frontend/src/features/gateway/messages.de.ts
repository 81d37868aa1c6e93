import type { Translated } from "@/lib/translated";
import type { en } from "./messages.en";

export const de: Translated<typeof en> = {
  keys: {
    title: "Schlüssel",
    sentence: "Mit einem Schlüssel spricht ein Programm mit deinen Modellen.",
  },
  usage: { title: "Verbrauch", sentence: "Wer wie viel genutzt hat." },
  upstreams: { title: "Fremde Server", sentence: "Andere Server, die hier mit antworten." },
};
