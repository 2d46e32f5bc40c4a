/** The page on which a customer chats: small, without the console's frame, and with no look but its own. */
import "./chat.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { chat as text } from "@/strings/chat";
import { ChatPage } from "./page";

document.title = text.title;
const place = document.getElementById("root");
if (place) {
  createRoot(place).render(
    <StrictMode>
      <ChatPage />
    </StrictMode>,
  );
}
