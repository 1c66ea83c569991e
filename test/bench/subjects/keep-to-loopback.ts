/**
 * Loaded into a peer before its own code (`node --require`): whatever address and port it asks for, it listens on a free
 * port of the loopback address, which its parent is told; it connects to the loopback address only; and it ends with its
 * parent.
 */
import { Server, Socket } from 'node:net';

Server.prototype.listen = new Proxy(Server.prototype.listen, {
  apply(target, server: Server, args: unknown[]) {
    server.once('listening', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) process.send?.(address.port);
    });
    const callback = args.findLast((arg) => typeof arg === 'function');
    return Reflect.apply(target, server, [{ port: 0, host: '127.0.0.1' }, callback]);
  },
});

Socket.prototype.connect = new Proxy(Socket.prototype.connect, {
  apply(target, socket: Socket, args: unknown[]) {
    // Node's own callers pass the arguments as one list.
    const options: unknown = [args[0]].flat()[0];
    const host = typeof options === 'object' && options !== null && 'host' in options ? options.host : args[1];
    if (host === '127.0.0.1') return Reflect.apply(target, socket, args);
    return socket.destroy(new Error(`${String(host)} is not the loopback address`));
  },
});

process.on('disconnect', () => process.exit(0));
process.channel?.unref();
