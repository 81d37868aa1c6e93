import type { Translated } from "@/lib/translated";
import type { en } from "./messages.en";

export const de: Translated<typeof en> = {
  title: "Anmelden",
  sentence: "Deine eigene KI-Cloud, auf deinen eigenen Rechnern.",
  username: "Name",
  password: "Passwort",
  submit: "Anmelden",
  firstTime:
    "Das erste Passwort steht im Terminal, in dem Hearth gestartet wurde, und in <file>var/first-run.env</file>.",
  wrong: "Name und Passwort gehören nicht zusammen.",
  missingName: "Gib deinen Namen ein.",
  missingPassword: "Gib dein Passwort ein.",
};
