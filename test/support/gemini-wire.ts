/** A type of Google's SDK as it stands on the wire: an enum is the text of its value. */
export type Wire<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Wire<T[K]> } : T;
