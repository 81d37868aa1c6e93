import type { Translated } from "@/lib/translated";
import type { en } from "./messages.en";

export const de: Translated<typeof en> = {
  title: "Modelle",
  sentence: "Was deine Rechner ausführen können.",
};
