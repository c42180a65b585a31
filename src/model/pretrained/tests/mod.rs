mod download;
mod fit;
mod pth;
mod server;
