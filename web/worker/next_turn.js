// A pause for messages.

/**
 * Lets the messages in that have come since; a timer would wait for milliseconds.
 * @returns {Promise<void>}
 */
export function nextTurn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
