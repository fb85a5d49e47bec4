import { spoken } from "@workspace/lib";

declare const process: { env: Record<string, string | undefined> };
// @ts-expect-error: the types of Node.js are not installed.
const { createServer } = await import("node:http");

const day: number = 24 * 60 * 60 * 1000;
createServer((_: unknown, response: { end(text: string): void }) => response.end(`version 1 runs for ${spoken(day)}\n`)).listen(
  Number(process.env.PORT),
  process.env.HOST ?? "127.0.0.1",
);
