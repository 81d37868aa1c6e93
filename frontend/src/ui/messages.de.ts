import type { Translated } from "@/lib/translated";
import type { en } from "./messages.en";

export const de: Translated<typeof en> = {
  close: "Schließen",
  copy: "Kopieren",
  copied: "Kopiert",
  undo: "Rückgängig",
  search: "Suchen",
  clearSearch: "Suche leeren",
  dismiss: "Ausblenden",
  notKnown: "nicht bekannt",
  loading: "Wird geladen",
  showAsTable: "Als Tabelle zeigen",
  showAsChart: "Als Diagramm zeigen",
  time: "Zeit",
  openRow: "{name} öffnen",
};
