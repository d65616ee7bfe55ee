export * from "@mediabunny/aac-encoder";
