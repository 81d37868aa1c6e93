import {
  type MantineColorScheme,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";

/** The theme that is shown, the one that was chosen ("auto" follows the system), and choosing. */
export function useThemeChoice() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const shown = useComputedColorScheme("light", { getInitialValueInEffect: false });
  return {
    isDark: shown === "dark",
    chosen: colorScheme,
    choose: (scheme: MantineColorScheme) => setColorScheme(scheme),
  };
}
