import type { Translated } from "@/lib/translated";
import type { en } from "./messages.en";

export const de: Translated<typeof en> = {
  kind: {
    nodes_inspect_node: "{name} ansehen",
    models_import_ai_model: "{name} aus der Datei einlesen",
    models_download_ai_model: "{name} herunterladen",
    models_delete_ai_model: "{name} löschen",
    models_deploy_model: "{name} bereitstellen",
    models_apply_deployment: "Einstellungen von {name} anwenden",
    models_scale_deployment: "{name} skalieren",
    models_stop_deployment: "{name} anhalten",
    models_start_deployment: "{name} starten",
    models_restart_deployment: "{name} neu starten",
    models_delete_deployment: "{name} löschen",
  },
  table: {
    label: "Vorgänge",
    operation: "Vorgang",
    state: "Zustand",
    by: "Begonnen von",
    started: "Begonnen",
    took: "Dauer",
    hearth: "Hearth",
    attempt: "Versuch {number}",
    waiting: "wartet auf einen freien Arbeiter",
    cancelling: "Wird abgebrochen",
  },
  subject: {
    node: "Knoten",
    ai_model: "Modell",
    deployment: "Bereitstellung",
    replica: "Replik",
  },
};
