/** AI models and the catalogue, for the pages that list, deploy or chat with them. */
import { queryOptions, useQueries } from "@tanstack/react-query";
import { api, csrfToken, unwrap } from "./client";
import { ApiError, readProblem } from "./errors";
import type { AiModelOut, OperationOut } from "./generated/schema";
import { listKey, oneKey } from "./keys";

export const catalogueQuery = queryOptions({
  queryKey: listKey("ai_model", "catalogue"),
  queryFn: () => unwrap(api.GET("/api/catalogue")),
});

export const aiModelsQuery = queryOptions({
  queryKey: listKey("ai_model", "all"),
  queryFn: () => unwrap(api.GET("/api/ai-models", { params: { query: { limit: 500 } } })),
});

export function aiModelQuery(id: number) {
  return queryOptions({
    queryKey: oneKey("ai_model", id),
    queryFn: () =>
      unwrap(api.GET("/api/ai-models/{ai_model_id}", { params: { path: { ai_model_id: id } } })),
  });
}

/** Exactly one source. A catalogue entry without a version means its recommended one. */
export interface AddAIModel {
  name: string;
  source:
    | { path: string }
    | { url: string; sha256?: string }
    | { catalogue: string; version?: string };
  accept_licence: boolean;
}

export function addAIModel(body: AddAIModel): Promise<OperationOut> {
  return unwrap(api.POST("/api/ai-models", { body: body as never }));
}

export function fetchAIModel(id: number): Promise<OperationOut> {
  return unwrap(
    api.POST("/api/ai-models/{ai_model_id}/fetch", { params: { path: { ai_model_id: id } } }),
  );
}

export function verifyAIModel(id: number): Promise<OperationOut> {
  return unwrap(
    api.POST("/api/ai-models/{ai_model_id}/verify", { params: { path: { ai_model_id: id } } }),
  );
}

export function deleteAIModel(id: number): Promise<OperationOut> {
  return unwrap(
    api.DELETE("/api/ai-models/{ai_model_id}", { params: { path: { ai_model_id: id } } }),
  );
}

interface Upload {
  file: File;
  name: string;
  onProgress: (sentBytes: number) => void;
  signal: AbortSignal;
}

/** Sends a file with progress, which `fetch` does not tell. Raises ApiError. */
export function uploadAIModel({ file, name, onProgress, signal }: Upload): Promise<OperationOut> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const place = { method: "POST", address: `${window.location.origin}/api/ai-models` };
    const fail = () => {
      let body: unknown = null;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        // Not JSON: a proxy answered. The status alone has to speak.
      }
      const requestId = request.getResponseHeader("x-request-id");
      reject(new ApiError(readProblem(request.status, body, requestId), place));
    };
    request.upload.onprogress = (event) => onProgress(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText));
      else fail();
    };
    request.onerror = fail;
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.open("POST", place.address);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    const form = new FormData();
    if (name) form.append("name", name);
    form.append("file", file);
    request.send(form);
  });
}

export function operationQuery(id: string) {
  return queryOptions({
    queryKey: oneKey("operation", id, "brief"),
    queryFn: () =>
      unwrap(api.GET("/api/operations/{operation_id}", { params: { path: { operation_id: id } } })),
  });
}

/** The running operation of each AI model that has one, by the AI model's id. */
export function useRunningOperations(aiModels: readonly AiModelOut[]): Map<number, OperationOut> {
  const moving = aiModels.filter((row) => row.current_operation_id);
  const answers = useQueries({
    queries: moving.map((row) => operationQuery(row.current_operation_id ?? "")),
  });
  const byModel = new Map<number, OperationOut>();
  moving.forEach((row, index) => {
    const operation = answers[index]?.data;
    if (operation) byModel.set(row.id, operation);
  });
  return byModel;
}
