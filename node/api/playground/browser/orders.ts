/** The script of the page "Orders and batches": the section, alone. */
import { byId } from './element.ts';
import { OrderSection } from './orders/orderSection.ts';

const section = new OrderSection();
byId('orders').append(section.element);
section.start();
