import { PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslations } from "use-intl";
import { ProblemLine } from "@/components/ProblemNotice";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { isAddress, leavesTheHouse } from "./address";
import { addUpstream } from "./queries";

/** Any OpenAI-compatible server, by its address and, where it asks for one, a key. */
export function AddUpstreamDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations("gateway.addUpstream");
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [apiKey, setApiKey] = useState("");
  const isReady = name.trim() !== "" && isAddress(address);
  const add = useMutation({
    mutationFn: () =>
      addUpstream({ name: name.trim(), base_url: address.trim(), api_key: apiKey.trim() }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ["upstream"] });
      onClose();
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (isReady && !add.isPending) add.mutate();
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={t("title")}
      onSubmit={submit}
      footer={
        <>
          <Button kind="ghost" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button kind="go" type="submit" busy={add.isPending} disabled={!isReady}>
            {name.trim() ? t("submitNamed", { name: name.trim() }) : t("submit")}
          </Button>
        </>
      }
    >
      <div className="stack">
        <TextInput
          data-autofocus
          label={t("name")}
          description={t("nameHint")}
          value={name}
          maxLength={100}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          type="url"
          label={t("address")}
          description={
            isAddress(address) && leavesTheHouse(address) ? t("leaves") : t("addressHint")
          }
          placeholder="http://192.168.1.20:8080/v1"
          value={address}
          onChange={(event) => setAddress(event.currentTarget.value)}
        />
        <PasswordInput
          autoComplete="off"
          label={t("key")}
          description={t("keyHint")}
          value={apiKey}
          onChange={(event) => setApiKey(event.currentTarget.value)}
        />
        <ProblemLine error={add.error} />
      </div>
    </Dialog>
  );
}
