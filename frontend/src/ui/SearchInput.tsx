import { TextInput } from "@mantine/core";
import { useTranslations } from "use-intl";
import { IconButton } from "./Button";
import { SearchIcon, XIcon } from "./icons";

interface SearchInputProps {
  value: string;
  onChange: (value: string) => void;
  placeholder: string;
  width?: number | string;
}

/** Filters what is on the page. `data-search` lets the `/` key find it. */
export function SearchInput({ value, onChange, placeholder, width = 210 }: SearchInputProps) {
  const t = useTranslations("ui");
  return (
    <TextInput
      type="search"
      data-search
      aria-label={placeholder}
      placeholder={placeholder}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      leftSection={<SearchIcon />}
      rightSection={
        value && (
          <IconButton
            icon={XIcon}
            label={t("clearSearch")}
            hint={false}
            onClick={() => onChange("")}
          />
        )
      }
      w={width}
      styles={{ input: { "--input-height": "32px", "--input-padding-inline-start": "34px" } }}
    />
  );
}
