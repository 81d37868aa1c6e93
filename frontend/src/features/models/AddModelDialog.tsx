import { FileInput, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { useTranslations } from "use-intl";
import { addAIModel, uploadAIModel } from "@/api/aiModels";
import type { OperationOut } from "@/api/generated/schema";
import { useOperationTitle } from "@/components/operation/useOperationTitle";
import { ProblemLine } from "@/components/ProblemNotice";
import { useAnnounceOperation } from "@/components/useAnnounce";
import { useFormat } from "@/i18n/useFormat";
import { Button } from "@/ui/Button";
import { Segments } from "@/ui/Chips";
import { Dialog } from "@/ui/Dialog";
import { Meter } from "@/ui/Meter";
import { isReadyToSend, looksLikeSha256, sourceOf, type Way } from "./source";

interface AddModelDialogProps {
  open: boolean;
  onClose: () => void;
}

/** A model that people bring: a path here, a file on their computer, or an address. */
export function AddModelDialog({ open, onClose }: AddModelDialogProps) {
  return open ? <Form onClose={onClose} /> : null;
}

function Form({ onClose }: { onClose: () => void }) {
  const t = useTranslations("models.add");
  const format = useFormat();
  const [way, setWay] = useState<Way>("path");
  const [name, setName] = useState("");
  const [path, setPath] = useState("");
  const [url, setUrl] = useState("");
  const [sha256, setSha256] = useState("");
  const [file, setFile] = useState<File | null>(null);
  const [sentBytes, setSentBytes] = useState(0);
  const abort = useRef<AbortController | null>(null);
  const announce = useAnnounceOperation();
  const titleOf = useOperationTitle();
  const draft = { way, name, path, url, sha256, file };

  const add = useMutation({
    mutationFn: (): Promise<OperationOut> => {
      if (way !== "upload" || !file) return addAIModel(sourceOf(draft));
      abort.current = new AbortController();
      setSentBytes(0);
      return uploadAIModel({
        file,
        name: name.trim(),
        onProgress: setSentBytes,
        signal: abort.current.signal,
      });
    },
    onSuccess: (operation) => {
      announce(operation, titleOf(operation));
      onClose();
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (isReadyToSend(draft) && !add.isPending) add.mutate();
  }

  function leave() {
    abort.current?.abort();
    onClose();
  }

  const sending = add.isPending && way === "upload" && file;
  const stopped = add.error instanceof DOMException;
  return (
    <Dialog
      open
      onClose={leave}
      title={t("title")}
      note={t("note")}
      noteUnderTitle
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={leave}>
            {sending ? t("stop") : t("cancel")}
          </Button>
          <Button kind="go" type="submit" busy={add.isPending} disabled={!isReadyToSend(draft)}>
            {way === "path"
              ? t("submitPath")
              : way === "url"
                ? t("submitUrl")
                : file
                  ? t("submitUpload", { size: format.bytes(file.size) })
                  : t("submitUploadEmpty")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <span>
          <Segments
            label={t("from")}
            choices={(["path", "upload", "url"] as const).map((value) => ({
              value,
              label: t(value),
            }))}
            value={way}
            onChange={setWay}
          />
        </span>
        {way === "path" && (
          <TextInput
            data-autofocus
            label={t("pathLabel")}
            description={t("pathHint")}
            placeholder={t("pathPlaceholder")}
            value={path}
            onChange={(event) => setPath(event.currentTarget.value)}
          />
        )}
        {way === "upload" && (
          <FileInput
            label={t("fileLabel")}
            placeholder={t("filePlaceholder")}
            accept=".gguf"
            value={file}
            onChange={setFile}
            description={file && !file.name.toLowerCase().endsWith(".gguf") ? t("notGguf") : ""}
          />
        )}
        {way === "url" && (
          <>
            <TextInput
              type="url"
              label={t("urlLabel")}
              description={t("urlHint")}
              placeholder={t("urlPlaceholder")}
              value={url}
              onChange={(event) => setUrl(event.currentTarget.value)}
            />
            <TextInput
              label={t("sha")}
              description={t("shaHint")}
              value={sha256}
              error={sha256.trim() && !looksLikeSha256(sha256) ? t("shaWrong") : undefined}
              onChange={(event) => setSha256(event.currentTarget.value)}
            />
          </>
        )}
        <TextInput
          label={t("name")}
          description={t("nameHint")}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {sending && (
          <div className="stack tight">
            <Meter
              label={t("sent", {
                sent: format.bytes(sentBytes),
                all: format.bytes(file.size),
              })}
              share={sentBytes / Math.max(1, file.size)}
            />
            <p className="xs dim">
              {t("sent", { sent: format.bytes(sentBytes), all: format.bytes(file.size) })}
            </p>
          </div>
        )}
        <ProblemLine error={stopped ? null : add.error} />
      </div>
    </Dialog>
  );
}
