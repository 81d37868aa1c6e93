import { useTranslations } from "use-intl";
import { Dialog } from "@/ui/Dialog";
import { PLACES } from "./useKeyboard";

export default function KeyboardHelp({ onClose }: { onClose: () => void }) {
  const t = useTranslations("shell.keyboard");
  return (
    <Dialog open onClose={onClose} title={t("title")} width={420}>
      <dl className="kv">
        <dt>{t("palette")}</dt>
        <dd>
          <kbd>⌘K</kbd> <kbd>Ctrl K</kbd>
        </dd>
        <dt>{t("search")}</dt>
        <dd>
          <kbd>/</kbd>
        </dd>
        {Object.entries(PLACES).map(([key, place]) => (
          <KeyLine key={key} label={t(place.word)} first="g" second={key} andThen={t("andThen")} />
        ))}
        <dt>{t("help")}</dt>
        <dd>
          <kbd>?</kbd>
        </dd>
      </dl>
    </Dialog>
  );
}

interface KeyLineProps {
  label: string;
  first: string;
  second: string;
  andThen: string;
}

function KeyLine({ label, first, second, andThen }: KeyLineProps) {
  return (
    <>
      <dt>{label}</dt>
      <dd>
        <kbd>{first}</kbd> <span className="xs dim">{andThen}</span> <kbd>{second}</kbd>
      </dd>
    </>
  );
}
