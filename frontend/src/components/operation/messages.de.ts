import type { Translated } from "@/lib/translated";
import type { en } from "./messages.en";

export const de: Translated<typeof en> = {
  kind: {
    nodes_inspect_node: "{name} ansehen",
    models_import_ai_model: "{name} einlesen",
    models_download_ai_model: "{name} herunterladen",
    models_verify_ai_model: "{name} prüfen",
    models_delete_ai_model: "{name} löschen",
    models_deploy_model: "{name} bereitstellen",
    models_change_deployment: "{name} ändern",
    models_stop_deployment: "{name} anhalten",
    models_start_deployment: "{name} starten",
    models_restart_deployment: "{name} neu starten",
    models_delete_deployment: "{name} löschen",
    gateway_probe_upstream: "{name} prüfen",
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
    waiting: "wartet auf einen Arbeiter",
  },
  subject: {
    node: "Node",
    ai_model: "Modell",
    deployment: "Deployment",
    replica: "Replik",
    upstream: "Upstream",
  },
};
