/** What upload/ uses of Uppy; the package's own types come with a hundred packages more. */

export interface UppyFile {
  id: string;
  name: string;
  size: number;
  data: Blob;
  isPaused?: boolean;
}

export interface Part {
  PartNumber: number;
  ETag: string;
}

export interface UploadId {
  uploadId: string;
  key: string;
}

export interface AwsS3Options {
  shouldUseMultipart: boolean;
  limit: number;
  retryDelays: number[];
  getChunkSize(file: { size: number }): number;
  createMultipartUpload(file: UppyFile): Promise<UploadId>;
  listParts(file: UppyFile, options: UploadId): Promise<Part[]>;
  signPart(file: UppyFile, options: UploadId & { partNumber: number }): Promise<{ url: string }>;
  abortMultipartUpload(file: UppyFile, options: UploadId): Promise<void>;
  completeMultipartUpload(file: UppyFile, options: UploadId & { parts: Part[] }): Promise<{ location?: string }>;
}

export class AwsS3 {}

export class Uppy {
  constructor(options: object);
  use(plugin: typeof AwsS3, options: AwsS3Options): this;
  addFile(file: { name: string; type: string; data: Blob; source: string; meta: object }): string;
  setFileState(id: string, state: object): void;
  getFile(id: string): UppyFile | undefined;
  removeFile(id: string): void;
  pauseResume(id: string): boolean | undefined;
  upload(): Promise<unknown>;
  on(event: "upload-progress", heard: (file: UppyFile | undefined, progress: { bytesUploaded: number }) => void): this;
  on(event: "upload-success", heard: (file: UppyFile | undefined) => void): this;
  on(event: "upload-error", heard: (file: UppyFile | undefined, error: Error) => void): this;
}
