import { NumberInput, Textarea } from "@mantine/core";
import { useTranslations } from "use-intl";
import { Button } from "@/ui/Button";
import { Panel } from "@/ui/Panel";
import { NO_PARAMETERS, type Parameters } from "./conversation";

interface ParametersPanelProps {
  parameters: Parameters;
  onChange: (parameters: Parameters) => void;
  onClose: () => void;
}

export default function ParametersPanel({ parameters, onChange, onClose }: ParametersPanelProps) {
  const t = useTranslations("chat");
  const set = (change: Partial<Parameters>) => onChange({ ...parameters, ...change });
  const number = (value: string | number) => (value === "" ? null : Number(value));
  return (
    <Panel
      open
      onClose={onClose}
      title={t("parameters")}
      footer={
        <Button kind="ghost" onClick={() => onChange(NO_PARAMETERS)}>
          {t("reset")}
        </Button>
      }
    >
      <div className="stack">
        <Textarea
          autosize
          minRows={3}
          maxRows={12}
          label={t("parameter.system")}
          description={t("parameter.systemNote")}
          value={parameters.system}
          onChange={(event) => set({ system: event.currentTarget.value })}
        />
        <NumberInput
          label={t("parameter.temperature")}
          description={t("parameter.temperatureNote")}
          placeholder={t("parameter.default")}
          min={0}
          max={2}
          step={0.1}
          decimalScale={2}
          value={parameters.temperature ?? ""}
          onChange={(value) => set({ temperature: number(value) })}
        />
        <NumberInput
          label={t("parameter.topP")}
          description={t("parameter.topPNote")}
          placeholder={t("parameter.default")}
          min={0}
          max={1}
          step={0.05}
          decimalScale={2}
          value={parameters.top_p ?? ""}
          onChange={(value) => set({ top_p: number(value) })}
        />
        <NumberInput
          label={t("parameter.maxTokens")}
          placeholder={t("parameter.default")}
          min={1}
          allowDecimal={false}
          value={parameters.max_tokens ?? ""}
          onChange={(value) => set({ max_tokens: number(value) })}
        />
        <NumberInput
          label={t("parameter.seed")}
          description={t("parameter.seedNote")}
          placeholder={t("parameter.default")}
          allowDecimal={false}
          value={parameters.seed ?? ""}
          onChange={(value) => set({ seed: number(value) })}
        />
        <Textarea
          autosize
          minRows={1}
          label={t("parameter.stop")}
          description={t("parameter.stopNote")}
          value={parameters.stop}
          onChange={(event) => set({ stop: event.currentTarget.value })}
        />
      </div>
    </Panel>
  );
}
