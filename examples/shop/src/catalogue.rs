//! The goods and their prices. The customer's browser chooses an item, and never a price.

use wechatpay::Fen;

/// Something that the shop sells.
pub(crate) struct Item {
    pub(crate) id: &'static str,
    /// 商品描述: what the payer reads in WeChat.
    pub(crate) description: &'static str,
    pub(crate) price: Fen,
}

/// The item with this id.
pub(crate) fn find(id: &str) -> Option<&'static Item> {
    ITEMS.iter().find(|item| item.id == id)
}

impl Item {
    /// The price of several, or `None` for none, or for more than the shop sells at once.
    pub(crate) fn total(&self, quantity: u64) -> Option<Fen> {
        let Fen(price) = self.price;
        (1..=MOST).contains(&quantity).then(|| price.checked_mul(quantity).map(Fen)).flatten()
    }
}

const ITEMS: [Item; 2] = [
    Item { id: "penguin", description: "Image形象店-深圳腾大-QQ公仔", price: Fen(100) },
    Item { id: "mug", description: "Image形象店-深圳腾大-马克杯", price: Fen(3_900) },
];

/// Of one item in one order.
const MOST: u64 = 99;
