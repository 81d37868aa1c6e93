import "@fontsource-variable/atkinson-hyperlegible-next";
import "@fontsource-variable/jetbrains-mono";
import "./theme/mantine.css";
import "./theme/tokens.css";
import "./theme/base.css";
import "./theme/controls.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { IntlProvider } from "use-intl";
import { queryClient } from "./api/queryClient";
import { currentLanguage, loadMessages } from "./i18n/i18n";
import { router } from "./routes";
import { colorSchemeManager, cssVariablesResolver, theme } from "./theme/theme";

async function start(): Promise<void> {
  const language = currentLanguage();
  const messages = await loadMessages(language);
  document.documentElement.lang = language;
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no #root");
  createRoot(root).render(
    <StrictMode>
      <IntlProvider locale={language} messages={messages}>
        <MantineProvider
          theme={theme}
          cssVariablesResolver={cssVariablesResolver}
          colorSchemeManager={colorSchemeManager}
          defaultColorScheme="auto"
        >
          <QueryClientProvider client={queryClient}>
            <RouterProvider router={router} />
          </QueryClientProvider>
        </MantineProvider>
      </IntlProvider>
    </StrictMode>,
  );
}

void start();
