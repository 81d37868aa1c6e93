import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslations } from "use-intl";
import { CodeBlock } from "@/components/CopyBlock";
import { endpoint } from "@/lib/endpoint";
import { Segments } from "@/ui/Chips";
import { CopyButton } from "@/ui/CopyButton";
import { Dialog } from "@/ui/Dialog";
import { type CodeLanguage, chatAsCode } from "./code";
import { type Message, type Parameters, requestBody } from "./conversation";

interface CodeDialogProps {
  model: string;
  messages: readonly Message[];
  parameters: Parameters;
  onClose: () => void;
}

const LANGUAGES: readonly CodeLanguage[] = ["python", "javascript", "curl"];

export default function CodeDialog({ model, messages, parameters, onClose }: CodeDialogProps) {
  const t = useTranslations();
  const [language, setLanguage] = useState<CodeLanguage>("python");
  const mine = messages.findLastIndex((message) => message.role === "user");
  const asked = messages.slice(0, mine + 1);
  const hello: Message = { id: "", role: "user", text: t("components.snippets.hello") };
  const body = requestBody(model, asked.length > 0 ? asked : [hello], parameters);
  const code = chatAsCode(language, endpoint(), body);
  return (
    <Dialog open onClose={onClose} title={t("chat.codeTitle")} width={720}>
      <div className="stack tight">
        <div className="row between">
          <Segments
            label={t("components.snippets.language")}
            choices={LANGUAGES.map((value) => ({
              value,
              label: t(`components.snippets.${value}`),
            }))}
            value={language}
            onChange={setLanguage}
          />
          <CopyButton text={code} />
        </div>
        <CodeBlock code={code} />
        <p className="xs dim">
          {t("chat.codeNote")}{" "}
          <Link to="/keys" search={{ dialog: "new-key" }} className="link">
            {t("chat.newKey")}
          </Link>
        </p>
      </div>
    </Dialog>
  );
}
