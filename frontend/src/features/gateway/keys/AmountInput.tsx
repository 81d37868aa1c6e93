import { TextInput } from "@mantine/core";
import { useTranslations } from "use-intl";
import { useFormat } from "@/i18n/useFormat";
import { parseAmount } from "./limits";

interface AmountInputProps {
  label: string;
  /** As it was typed: "500 k". */
  value: string;
  onChange: (value: string) => void;
  description?: string;
  placeholder?: string;
}

/** A whole number as people write them. What was understood stands beside what was typed. */
export function AmountInput({
  label,
  value,
  onChange,
  description,
  placeholder,
}: AmountInputProps) {
  const t = useTranslations("keyIssue.newKey");
  const format = useFormat();
  const amount = parseAmount(value);
  const exact = amount === null ? "" : format.exact(amount);
  const isPlain = exact === value.trim() || String(amount) === value.trim();
  return (
    <TextInput
      label={label}
      description={description}
      placeholder={placeholder}
      inputMode="text"
      autoComplete="off"
      value={value}
      error={value.trim() !== "" && amount === null ? t("amountWrong") : undefined}
      rightSection={exact && !isPlain ? <span className="xs dim">= {exact}</span> : undefined}
      rightSectionWidth={exact && !isPlain ? exact.length * 7 + 26 : undefined}
      rightSectionPointerEvents="none"
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
